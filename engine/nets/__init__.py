"""The nets, as values with knobs: one net, one file, one name. Every panel of a run trains the same one."""

from collections.abc import Mapping
from types import MappingProxyType

from engine.nets.base import Layout, Net, Parameters, net_idea, net_title
from engine.nets.cnn import Cnn
from engine.nets.lenet_pp import LeNetPP
from engine.nets.mlp import Mlp
from engine.nets.module import Module
from spec.entry_points import Catalogue, Kind

_CATALOGUE: tuple[type[Net], ...] = (Mlp, Cnn, LeNetPP)

#: Our nets by their slugs, in the order of menus and docs. The slug is the name of the file.
OURS: Mapping[str, type[Net]] = MappingProxyType({net.slug: net for net in _CATALOGUE})

#: Nets of packages: the name of the entry point is the slug, the value ``module:Class``.
KIND = Kind[Net](
    word="net",
    group="loss_geometry.nets",
    base=Module,
    base_name="engine.nets.Module",
    attributes={"slug": str, "title": str},
    example="leaky_net:LeakyNet",
)

#: Every net there is: ours, then those of installed packages (docs/own_net.md).
NETS: Mapping[str, type[Net]] = Catalogue(OURS, KIND)

__all__ = ["KIND", "NETS", "OURS", "Layout", "Module", "Net", "Parameters", "net_idea", "net_title"]
