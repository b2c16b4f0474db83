"""{% catalogue_url %}: where a page's scripts load their translations from."""

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language

register = template.Library()


@register.simple_tag
def catalogue_url() -> str:
    return f"{reverse('jsi18n')}?{urlencode({'language': get_language(), 'release': settings.FRONT_END})}"
