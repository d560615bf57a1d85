"""What new workers start with where processes can be copied: the released guideline, loaded once.

Imported by the process that forks the workers (see multiprocessing.set_forkserver_preload).
"""

import gc

from kg_service.serving.worker import application

guideline = application(None).extensions["kg_service"].graph
_ = guideline.validator, guideline.records, guideline.explain  # made when first asked for
gc.freeze()  # what is shared with the copies stays shared
