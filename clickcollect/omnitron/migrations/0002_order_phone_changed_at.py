from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("omnitron", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="phone_changed_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="phone changed"),
        ),
    ]
