from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("conferences", "0002_classes_and_freeze")]

    operations = [
        migrations.AddField(
            model_name="bar",
            name="by_admin",
            field=models.BooleanField(default=False, help_text="set in Admintool: hosts cannot lift it"),
        ),
    ]
