import clickcollect.omnitron.models
from django.db import migrations, models


class Migration(migrations.Migration):
    """Numbers lose their fixed scale: the rows stay as they are, so no table is written anew."""

    dependencies = [("omnitron", "0002_order_phone_changed_at")]

    operations = [
        migrations.AlterField(
            model_name="order",
            name="amount",
            field=clickcollect.omnitron.models.MoneyField(decimal_places=4, max_digits=16, verbose_name="amount"),
        ),
        migrations.AlterField(
            model_name="orderitem",
            name="price",
            field=clickcollect.omnitron.models.MoneyField(
                blank=True, decimal_places=4, max_digits=14, null=True, verbose_name="price"
            ),
        ),
        migrations.AlterField(
            model_name="order",
            name="first_name",
            field=models.CharField(blank=True, max_length=150, verbose_name="first name"),
        ),
    ]
