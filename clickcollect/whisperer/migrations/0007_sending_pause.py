"""Nothing is sent after a restore until a person lets it go on (whisperer/pause.py)."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('whisperer', '0006_what_hook_events_are_filtered_by'),
    ]

    operations = [
        migrations.CreateModel(
            name='SendingPause',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('began_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('ended_at', models.DateTimeField(null=True)),
                ('ended_by', models.BigIntegerField(null=True)),
            ],
            options={
                'ordering': ('-id',),
                'indexes': [models.Index(condition=models.Q(('ended_at__isnull', True)), fields=['id'], name='sending_pause_open')],
            },
        ),
    ]
