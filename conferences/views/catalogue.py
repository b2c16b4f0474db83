"""The scripts' translations."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.translation import get_language, override
from django.views.decorators.cache import cache_control
from django.views.i18n import JavaScriptCatalog

catalog = JavaScriptCatalog.as_view(packages=["conferences"])


@cache_control(public=True, max_age=86400, immutable=True)
def script_catalogue(request: HttpRequest) -> HttpResponseBase:
    """The catalogue in `?language=`; the address also carries the release, so a browser may keep it."""
    language = request.GET.get("language", get_language())
    if language not in dict(settings.LANGUAGES):
        raise Http404
    with override(language):
        return catalog(request)
