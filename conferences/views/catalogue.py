"""The scripts' translations."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.cache import patch_cache_control
from django.utils.translation import get_language, override
from django.views.i18n import JavaScriptCatalog

catalog = JavaScriptCatalog.as_view(packages=["conferences"])


def script_catalogue(request: HttpRequest) -> HttpResponseBase:
    """The catalogue in `?language=`. The address also carries the front end, so a browser may keep it; not what it gets
    from a process that has another one, during an update.
    """
    language = request.GET.get("language", get_language())
    if language not in dict(settings.LANGUAGES):
        raise Http404
    with override(language):
        answer = catalog(request)
    if request.GET.get("release") == settings.FRONT_END:
        patch_cache_control(answer, public=True, max_age=86400, immutable=True)
    else:
        patch_cache_control(answer, no_cache=True)
    return answer
