"""Who has typed how many wrong codes: people, and the programs of each person (contract section 5)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class EmployeeBudget(models.Model):
    """The times of one employee's wrong codes within the last day; one row, so that one statement counts."""

    user_id = models.BigIntegerField(primary_key=True)
    tried_at = ArrayField(models.DateTimeField())

    def __str__(self) -> str:
        return str(self.user_id)


class ProgramBudget(models.Model):
    """The times of wrong codes within the last day by the tokens of one person, in one store; store 0 is all of them.

    It belongs to the person and not to a token: another token does not refill it (contract section 5).
    """

    user_id = models.BigIntegerField()
    store_id = models.BigIntegerField()
    tried_at = ArrayField(models.DateTimeField())

    class Meta:
        constraints = (models.UniqueConstraint(name="program_budget_once", fields=["user_id", "store_id"]),)

    def __str__(self) -> str:
        return f"{self.user_id} in {self.store_id}"
