"""The document store: a real mongod where there is one, else SecantusDB."""

from stack.engines.mongo.server import Mongo, external_mongo

__all__ = ["Mongo", "external_mongo"]
