"""The document store: a real mongod where there is one, else SecantusDB."""

from stack.engines.mongo.kind import MongoKind
from stack.engines.mongo.server import Mongo, external_mongo

__all__ = ["ENGINE", "Mongo", "external_mongo"]

ENGINE = MongoKind()
