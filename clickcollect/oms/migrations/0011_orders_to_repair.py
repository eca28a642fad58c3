"""Orders that cannot be placed are kept for repair, and learned locations applied. Nothing that is there changes."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('omnitron', '0002_order_phone_changed_at'),
        ('oms', '0010_handovers_by_time'),
    ]

    operations = [
        migrations.AlterField(
            model_name='commandlog',
            name='note_kind',
            field=models.CharField(blank=True, choices=[('created', 'Order received'), ('shelved', 'Put on shelf'), ('locked_out', 'Locked after too many wrong codes'), ('pickup_expired', 'Pickup time passed'), ('delivered_after_phone_change', 'Delivered after the phone number was changed'), ('order_cancel_requested', 'Order cancellation requested'), ('not_for_a_store', 'Connector sent an order that is not for a store'), ('to_repair', 'Order received that needs repair'), ('repair_repeated', 'Order to repair received again'), ('repaired', 'Order repaired and resubmitted'), ('repair_arrived', 'Order to repair received again, now correct'), ('repair_discarded', 'Order to repair discarded'), ('location_learned', 'Location learned'), ('location_forgotten', 'Learned location removed'), ('staff_changed', 'Staff member changed'), ('access_ended', 'Sessions, sign-ins and PIN of a staff member ended'), ('store_changed', 'Store changed'), ('token_created', 'API token created'), ('token_keeps_override', 'API token older than the scope packages:override keeps that permission'), ('token_revoked', 'API token revoked'), ('process_changed', 'Process changed'), ('process_imported', 'Process replaced from a file'), ('personal_data_erased', 'Personal data erased')], db_default='', max_length=40, verbose_name='note'),
        ),
        migrations.CreateModel(
            name='LocationRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(max_length=64, verbose_name='channel')),
                ('name', models.CharField(max_length=255, verbose_name='location')),
                ('folded', models.CharField(max_length=255)),
                ('made_by', models.BigIntegerField(null=True, verbose_name='who')),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='learned')),
                ('store', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='omnitron.retailstore', verbose_name='store')),
            ],
            options={
                'verbose_name': 'location rule',
                'verbose_name_plural': 'location rules',
                'ordering': ('-id',),
                'constraints': [models.UniqueConstraint(fields=('channel', 'folded'), name='location_once_per_channel')],
            },
        ),
        migrations.CreateModel(
            name='OrderToRepair',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(max_length=64, verbose_name='channel')),
                ('reference', models.CharField(blank=True, max_length=64, verbose_name='order')),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('placed', 'Resubmitted'), ('arrived', 'Arrived later'), ('discarded', 'Discarded')], default='waiting', max_length=9, verbose_name='state')),
                ('payload', models.JSONField(default=dict, verbose_name='as received')),
                ('document', models.JSONField(default=dict, verbose_name='as read')),
                ('faults', models.JSONField(default=list, verbose_name='faults')),
                ('changed_at', models.DateTimeField(null=True)),
                ('times', models.PositiveIntegerField(default=1, verbose_name='times sent')),
                ('received_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='received')),
                ('last_received_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='last received')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended')),
                ('ended_by', models.BigIntegerField(null=True, verbose_name='who')),
                ('reason', models.CharField(blank=True, max_length=500, verbose_name='reason')),
                ('search', django.contrib.postgres.search.SearchVectorField(editable=False, null=True)),
                ('erased_at', models.DateTimeField(null=True, verbose_name='personal data erased')),
                ('order', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='repaired_from', to='omnitron.order')),
            ],
            options={
                'verbose_name': 'order to repair',
                'verbose_name_plural': 'orders to repair',
                'ordering': ('-id',),
                'indexes': [models.Index(fields=['state', '-id'], name='repair_state_newest'), models.Index(fields=['channel', 'reference', '-id'], name='repair_of_sender'), models.Index(fields=['reference'], name='repair_reference'), models.Index(condition=models.Q(('state', 'waiting')), fields=['received_at'], name='repair_oldest'), models.Index(condition=models.Q(('erased_at__isnull', True)), fields=['ended_at'], name='repair_to_erase'), django.contrib.postgres.indexes.GinIndex(fields=['search'], name='repair_search')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'waiting')), fields=('channel', 'reference'), name='order_waits_once'), models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'placed', 'arrived', 'discarded'])), name='repair_state_known'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('erased_at__isnull', True), ('state', 'waiting')), models.Q(models.Q(('state', 'waiting'), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='repair_ended_or_waiting')],
            },
        ),
    ]
