"""Whatever happens to access keys, in whatever order, none is lost and there is a way on.

ROTATION_ORDERS=3000 plays so many orders, ROTATION_SEED repeats them; pytest's -s shows what happened:
ROTATION_ORDERS=3000 tests/run tests/rotation/test_orders.py -s
"""

import os
import random
import shutil
import time
from collections import Counter
from pathlib import Path

import pytest

from support.rotation_orders import Order

ORDERS = int(os.environ.get("ROTATION_ORDERS", "15"))
SEED = os.environ.get("ROTATION_SEED") or str(random.SystemRandom().randrange(10**6))


@pytest.mark.timeout(0 if ORDERS > 100 else 240)
def test_after_any_order_each_key_works_or_is_named_and_there_is_a_way_on(tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    began = time.monotonic()
    for number in range(ORDERS):
        order = Order(tmp_path / str(number), f"{SEED} {number}")
        try:
            order.play(order.chance.randrange(3, 12))
            order.check()
        except AssertionError as failure:
            trace = "\n".join(order.trace)
            raise AssertionError(f"order {number} of ROTATION_SEED={SEED}: {failure}\n{trace}") from None
        counts += order.counts
        shutil.rmtree(tmp_path / str(number))
    print(f"\n{ORDERS} orders of seed {SEED}, {counts.total()} commands in {time.monotonic() - began:.0f} s:")
    print(*(f"  {count:6} {what}" for what, count in sorted(counts.items())), sep="\n")
