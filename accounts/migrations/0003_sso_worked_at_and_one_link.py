from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_security_sso_imports'),
    ]

    operations = [
        migrations.AddField(
            model_name='ssoprovider',
            name='worked_at',
            field=models.DateTimeField(blank=True, help_text='when somebody last came back from it; empty after a change of its settings', null=True),
        ),
        migrations.AlterField(
            model_name='ssoprovider',
            name='config',
            field=models.JSONField(default=dict, help_text='the keys of `OIDC_CONFIG` or `SAML_CONFIG`'),
        ),
        migrations.AddConstraint(
            model_name='ssoidentity',
            constraint=models.UniqueConstraint(fields=('provider', 'user'), name='sso_user_linked_once'),
        ),
    ]
