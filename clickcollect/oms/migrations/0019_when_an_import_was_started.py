from django.db import migrations, models


class Migration(migrations.Migration):
    """Who comes second to the import of a file hears since when it runs."""

    dependencies = [("oms", "0018_what_the_shop_took_off")]

    operations = [migrations.AddField("orderupload", "started_at", models.DateTimeField(null=True))]
