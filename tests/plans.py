"""What PostgreSQL's plan of a statement says."""

from typing import Any


def scans_of(table: str, plan: Any, *, bounded: bool = False) -> int:
    """How often a plan reads a table from end to end. A scan right below a limit stops when it has enough."""
    if isinstance(plan, list):
        return sum(scans_of(table, part, bounded=bounded) for part in plan)
    if not isinstance(plan, dict):
        return 0
    is_scan = plan.get("Node Type") == "Seq Scan" and plan.get("Relation Name") == table and not bounded
    limited = plan.get("Node Type") == "Limit"
    return is_scan + sum(scans_of(table, part, bounded=limited) for part in plan.values())
