import django.contrib.postgres.fields
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_idempotency_keys'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='access_version',
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.CreateModel(
            name='SignInCounter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=100, unique=True)),
                ('tried_at', django.contrib.postgres.fields.ArrayField(base_field=models.DateTimeField(), default=list, size=None)),
                ('touched_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'indexes': [models.Index(fields=['touched_at'], name='sign_in_counter_to_purge')],
            },
        ),
        # What counted before, in a cache that forgot it when it was full.
        migrations.RunSQL('DROP TABLE IF EXISTS sign_in_counters', migrations.RunSQL.noop),
    ]
