"""`python -m kg_service` is `kg-service`."""

from kg_service.cli import main

if __name__ == "__main__":
    main()
