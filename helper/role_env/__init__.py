"""role-env: temporary Alibaba Cloud credentials for people, prompts, CI jobs and programs."""

__version__ = "0.1.0"
