from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("extension", "0002_receipt_secret")]

    operations = [
        migrations.CreateModel(
            "Store",
            [
                ("code", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("name", models.CharField(blank=True, max_length=64)),
            ],
        ),
    ]
