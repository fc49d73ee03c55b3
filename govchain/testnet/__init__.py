"""Test networks on one machine: who takes part, keys and folders, processes.

No rule of the protocol lives here.
"""

from govchain.testnet.health import Health, free_ports, probe, read_status
from govchain.testnet.joining import finish_rotation, prepare_join, prepare_rotation
from govchain.testnet.layout import BASE_PORT, Addresses, init_network, salt_file
from govchain.testnet.local import LocalNetwork, ValidatorHealth
from govchain.testnet.manifest import NetworkManifest, load_genesis, load_manifest, load_network
from govchain.testnet.organisations import OrganisationsFile, load_organisations, plan_network
from govchain.testnet.plan import (
    GenesisWithSecrets,
    NetworkPlan,
    PlannedPerson,
    PlannedValidator,
    build_genesis,
)

__all__ = [
    "BASE_PORT",
    "Addresses",
    "GenesisWithSecrets",
    "Health",
    "LocalNetwork",
    "NetworkManifest",
    "NetworkPlan",
    "OrganisationsFile",
    "PlannedPerson",
    "PlannedValidator",
    "ValidatorHealth",
    "build_genesis",
    "finish_rotation",
    "free_ports",
    "init_network",
    "load_genesis",
    "load_manifest",
    "load_network",
    "load_organisations",
    "plan_network",
    "prepare_join",
    "prepare_rotation",
    "probe",
    "read_status",
    "salt_file",
]
