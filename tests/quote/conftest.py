"""Fixtures of the end-to-end tests."""

from tests.e2e.conftest import home, module_paper, paper

__all__ = ["home", "module_paper", "paper"]
