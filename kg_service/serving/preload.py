"""What new workers start with where processes can be copied: the released guideline, and what its views work out once.

Imported by the process that forks the workers (see multiprocessing.set_forkserver_preload).
"""

import gc

from kg_service.patients.records import FHIR_JSON
from kg_service.serving.calling import call
from kg_service.serving.messages import Request
from kg_service.serving.worker import application

ASKED = ("/", "/sparql", "/queries", "/.well-known/void", "/audit", "/openapi.json", "/statements/", "/explain")
"""Doors whose views keep something: sizes, labels, compiled pages."""

RECORD = b'{"resourceType": "Patient"}'
"""To be judged, as the rules are compiled for the first record: that takes longer than a short request may."""

app = application(None)
guideline = app.extensions["kg_service"].graph
_ = guideline.validator, guideline.records, guideline.explain  # made when first asked for
for path in ASKED:
    call(app, Request("GET", path, headers=[("accept", "text/html")]))
call(app, Request("POST", "/validate", headers=[("content-type", FHIR_JSON)], body=RECORD))
gc.freeze()  # what is shared with the copies stays shared
