"""The tables of the stock nameko system, and its database dependency, as nameko's documentation has a provider."""

from __future__ import annotations

from typing import Any

from nameko.extensions import DependencyProvider
from sqlalchemy import Boolean, Column, Integer, String, create_engine
from sqlalchemy.orm import Session, declarative_base, sessionmaker

Base: Any = declarative_base()


class Pledge(Base):
    __tablename__ = "pledges"

    id = Column(Integer, primary_key=True)
    student = Column(String, nullable=False, unique=True)
    guardian = Column(String, nullable=False)
    school_year = Column(String, nullable=False)
    school = Column(String, nullable=False)
    district = Column(String, nullable=False)
    signed_on = Column(String, nullable=False)
    mode = Column(String, nullable=False)
    language = Column(String, nullable=False)
    statement = Column(String, nullable=False)
    statement_hash = Column(String, nullable=False)
    note_on_file = Column(Boolean, nullable=False)


class Signed(Base):
    """The read model: pledges signed, by district."""

    __tablename__ = "signed"

    district = Column(String, primary_key=True)
    pledges = Column(Integer, nullable=False)


class DatabaseSession(DependencyProvider):
    """A session for each worker, closed when the worker is done."""

    def setup(self) -> None:
        self.engine = create_engine(self.container.config["DB_URI"])
        Base.metadata.create_all(self.engine)
        self.sessions = sessionmaker(self.engine)
        self.open: dict[Any, Session] = {}

    def stop(self) -> None:
        self.engine.dispose()

    def get_dependency(self, worker_ctx: Any) -> Session:
        self.open[worker_ctx] = self.sessions()
        return self.open[worker_ctx]

    def worker_teardown(self, worker_ctx: Any) -> None:
        self.open.pop(worker_ctx).close()
