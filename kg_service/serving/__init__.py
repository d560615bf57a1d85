"""The service at work: requests answered under limits by worker processes, behind a production HTTP server.

`kg_service.web` says what is answered; here it is answered in bounds, cached, counted and logged.
"""
