"""An order's status says what its packages' states say."""

from django.db import migrations, models

STATUS = [
    (50, "Cancellation waiting"), (100, "Cancelled"), (200, "Waiting"), (300, "Payment waiting"),
    (350, "Confirmation waiting"), (400, "Approved"), (450, "Preparing"), (500, "Shipped"),
    (510, "Shipped and informed"), (520, "Ready for Customer Pickup"), (540, "Attempted delivery"), (550, "Delivered"),
    (600, "Refunded"),
]  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("omnitron", "0005_one_store_a_code_in_any_case")]
    operations = [
        migrations.AlterField(
            "order", "status", models.PositiveSmallIntegerField(choices=STATUS, default=400, verbose_name="status")
        ),
    ]
