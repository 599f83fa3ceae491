"""What a scenario is: data that the services and the room read alike, a folder each."""

from pkgutil import extend_path

# a pod of a user's scenario finds its folder beside those of the project
__path__ = extend_path(__path__, __name__)
