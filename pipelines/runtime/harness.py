"""The process that a Flink TaskManager starts for the Python part of a job: the command ``dateline-worker``.

Beam's own boot program does this in containers. It is written in Go and not part of Beam's Python package.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

WITHIN_S = 60.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Asks the runner's provision service where to find the job, and works on it until the runner is gone."""
    parser = argparse.ArgumentParser(description="Started by a Beam runner for the Python part of a job.")
    parser.add_argument("--id", required=True, help="name by which the runner knows this worker")
    parser.add_argument("--provision_endpoint", required=True, help="host:port at which the runner describes the job")
    asked, _ = parser.parse_known_args(arguments)
    os.environ.update(provisioned(asked.id, asked.provision_endpoint))

    from apache_beam.runners.worker import sdk_worker_main

    sdk_worker_main.main(sys.argv[:1])


def provisioned(worker: str, endpoint: str) -> dict[str, str]:
    """The environment variables from which Beam's worker learns the addresses and the options of its job."""
    import grpc
    from apache_beam.portability.api import beam_provision_api_pb2 as messages
    from apache_beam.portability.api import beam_provision_api_pb2_grpc as service
    from google.protobuf import json_format

    with grpc.insecure_channel(endpoint) as channel:
        asking = service.ProvisionServiceStub(channel).GetProvisionInfo
        metadata = (("worker_id", worker),)
        info = asking(messages.GetProvisionInfoRequest(), metadata=metadata, timeout=WITHIN_S).info
    return {
        "WORKER_ID": worker,
        "CONTROL_API_SERVICE_DESCRIPTOR": f'url: "{info.control_endpoint.url}"',
        "LOGGING_API_SERVICE_DESCRIPTOR": f'url: "{info.logging_endpoint.url}"',
        "PIPELINE_OPTIONS": json_format.MessageToJson(info.pipeline_options),
        "RUNNER_CAPABILITIES": " ".join(info.runner_capabilities),
    }
