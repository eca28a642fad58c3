from typing import Any

from django.db import migrations, models

from clickcollect.whisperer import custom_headers


def seal_what_is_kept(apps: Any, editor: Any) -> None:
    """A hook's own headers stood in clear; what was deleted needs none any more."""
    hooks = apps.get_model("whisperer", "Hook").objects.using(editor.connection.alias)
    for hook in hooks.exclude(additional_headers={}).filter(deleted_at=None):
        custom_headers.put(hook, hook.additional_headers)
        hook.save(using=editor.connection.alias, update_fields=["sealed_headers"])


class Migration(migrations.Migration):
    dependencies = [("whisperer", "0001_initial")]

    operations = [
        migrations.AddField("hook", "sealed_headers", models.TextField(blank=True, default=""), preserve_default=False),
        migrations.RunPython(seal_what_is_kept),
        migrations.RemoveField("hook", "additional_headers"),
    ]
