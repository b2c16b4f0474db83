"""Pages of Admintool about keeping records: holds, disclosures, certificates, the inventory."""

from django.urls import path

from admintool.views import disclosures, holds, records

record_pages = [
    path("records/", records.overview, name="records"),
    path("records/inventory/", records.inventory, name="inventory"),
    path("records/certificates/", records.certificate_list, name="certificates"),
    path("records/certificates/<slug:certificate_id>/", records.certificate, name="certificate-download"),
    path("records/holds/", holds.hold_list, name="holds"),
    path("records/holds/new/", holds.place, name="hold-place"),
    path("records/holds/<slug:hold_id>/lift/", holds.lift, name="hold-lift"),
    path("records/disclosures/", disclosures.disclosure_list, name="disclosures"),
    path("records/disclosures/new/", disclosures.ask, name="disclosure-request"),
    path("records/disclosures/<slug:disclosure_id>/", disclosures.disclosure, name="disclosure"),
    path("records/disclosures/<slug:disclosure_id>/decide/", disclosures.decide, name="disclosure-decide"),
    path("records/disclosures/<slug:disclosure_id>/download/", disclosures.download, name="disclosure-download"),
]
