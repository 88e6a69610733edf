"""What all tables of the state database belong to."""

from sqlalchemy import MetaData

metadata = MetaData()
