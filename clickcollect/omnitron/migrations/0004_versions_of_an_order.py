"""Which versions of an order were seen, so that a late one undoes nothing (oms/orders/versions.py)."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('omnitron', '0003_amounts_with_the_places_of_their_currency'),
    ]

    operations = [
        migrations.AddField(
            model_name='order',
            name='seen_contents',
            field=models.TextField(blank=True, db_default='', default='', editable=False),
        ),
        migrations.AddField(
            model_name='order',
            name='shop_updated_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
