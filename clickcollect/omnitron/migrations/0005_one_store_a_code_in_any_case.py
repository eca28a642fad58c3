from django.db import migrations, models
from django.db.models import Func


class Migration(migrations.Migration):
    """ist-01 and IST-01 are one store, also for two people who open it at the same moment."""

    dependencies = [("omnitron", "0004_versions_of_an_order")]

    operations = [
        migrations.AddConstraint(
            "retailstore",
            models.UniqueConstraint(Func("erp_code", template='upper(%(expressions)s COLLATE "C")'), name="store_code_once_in_any_case"),
        ),
    ]
