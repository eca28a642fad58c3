"""Order files handed over in OMS WEB, and what is remembered of their shapes. Nothing that is there changes."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('oms', '0015_repairs_by_time'),
    ]

    operations = [
        migrations.CreateModel(
            name='FileShape',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('shape', models.CharField(max_length=64, unique=True)),
                ('columns', models.JSONField(default=dict)),
                ('channel', models.CharField(blank=True, max_length=64)),
                ('used_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name='OrderUpload',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=255, verbose_name='file')),
                ('size', models.PositiveIntegerField(verbose_name='size')),
                ('content', models.BinaryField(null=True)),
                ('columns', models.JSONField(default=dict)),
                ('channel', models.CharField(blank=True, max_length=64, verbose_name='channel')),
                ('state', models.CharField(choices=[('new', 'Not imported yet'), ('waiting', 'Waiting for the worker'), ('running', 'Being imported'), ('done', 'Imported'), ('failed', 'Not an order file')], default='new', max_length=7, verbose_name='state')),
                ('position', models.PositiveIntegerField(default=0)),
                ('report', models.JSONField(default=dict)),
                ('uploaded_by', models.BigIntegerField(null=True, verbose_name='who')),
                ('uploaded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='uploaded')),
            ],
            options={
                'verbose_name': 'order file',
                'verbose_name_plural': 'order files',
                'ordering': ('-id',),
                'indexes': [models.Index(fields=['uploaded_at'], name='upload_to_forget')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['new', 'waiting', 'running', 'done', 'failed'])), name='upload_state_known')],
            },
        ),
    ]
