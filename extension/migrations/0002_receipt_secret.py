from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("extension", "0001_initial")]

    operations = [
        migrations.AddField("receipt", "secret", models.PositiveSmallIntegerField(db_default=0, default=0)),
    ]
