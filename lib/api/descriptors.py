#!/usr/bin/env python3
"""Writes Temporal's API definitions as one FileDescriptorSet that protoc 3.21 can turn into C++.

    descriptors.py OUT.binpb            take the definitions from the installed `temporalio` package
    descriptors.py OUT.binpb IN.binpb   take them from a descriptor set made by `protoc --include_imports --descriptor_set_out`

Prints the names of the files to generate, one a line. The official wheel carries the definitions as serialized descriptors inside its
generated modules; only those modules are imported, never the SDK. One package is renamed: `temporal.api.namespace.v1` would become
`namespace namespace` in C++, which protoc before 27 does not escape. Message packages are not on the wire, so nothing else changes.
"""
import importlib
import importlib.util
import sys
import types

from google.protobuf import descriptor_pb2

# What the library speaks; everything else follows from their imports. (The wheel also has modules whose imports are gone.)
ROOTS = (
    "temporal/api/workflowservice/v1/service.proto",
    "temporal/api/operatorservice/v1/service.proto",
    "temporal/api/errordetails/v1/message.proto",
    "temporal/api/update/v1/message.proto",
    "temporal/api/protocol/v1/message.proto",
    "temporal/api/sdk/v1/workflow_metadata.proto",
)
KEYWORD_PACKAGE, RENAMED_PACKAGE = "temporal.api.namespace.v1", "temporal.api.namespace_.v1"
NAMING_FIELDS = ("type_name", "input_type", "output_type", "extendee")


def rename_references(message):
    """Rewrites every type reference into the keyword package, however deep it is nested."""
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for child in value if field.is_repeated else [value]:
                rename_references(child)
        elif field.name in NAMING_FIELDS and value.startswith(f".{KEYWORD_PACKAGE}."):
            setattr(message, field.name, f".{RENAMED_PACKAGE}" + value[len(KEYWORD_PACKAGE) + 1 :])


def from_wheel():
    """The definitions in `temporalio`, dependencies first."""
    package = types.ModuleType("temporalio")
    package.__path__ = list(importlib.util.find_spec("temporalio").submodule_search_locations)
    sys.modules["temporalio"] = package  # an empty stand-in: importing the real one would start the SDK
    found = {}

    def add(descriptor):
        if descriptor.name not in found:
            found[descriptor.name] = None  # reserves the name; the order is set by the assignment below
            for dependency in descriptor.dependencies:
                add(dependency)
            del found[descriptor.name]
            found[descriptor.name] = descriptor_pb2.FileDescriptorProto()
            descriptor.CopyToProto(found[descriptor.name])

    for root in ROOTS:
        module = "temporalio.api." + root[len("temporal/api/") : -len(".proto")].replace("/", ".") + "_pb2"
        add(importlib.import_module(module).DESCRIPTOR)
    return list(found.values())


def from_set(path):
    """The definitions in a descriptor set, reduced to what the roots need; protoc writes dependencies first."""
    with open(path, "rb") as source:
        files = list(descriptor_pb2.FileDescriptorSet.FromString(source.read()).file)
    by_name, needed = {file.name: file for file in files}, set()

    def need(name):
        if name not in needed:
            needed.add(name)
            for dependency in by_name[name].dependency:
                need(dependency)

    missing = [root for root in ROOTS if root not in by_name]
    if missing:
        sys.exit(f"descriptors.py: {path} lacks {', '.join(missing)}")
    for root in ROOTS:
        need(root)
    return [file for file in files if file.name in needed]


def main():
    files = from_set(sys.argv[2]) if len(sys.argv) > 2 else from_wheel()
    for file in files:
        if file.package == KEYWORD_PACKAGE:
            file.package = RENAMED_PACKAGE
        rename_references(file)
    with open(sys.argv[1], "wb") as out:
        out.write(descriptor_pb2.FileDescriptorSet(file=files).SerializeToString(deterministic=True))
    # google/protobuf/* is part of libprotobuf: generating it again would define every symbol twice.
    print(*(file.name for file in files if not file.name.startswith("google/protobuf/")), sep="\n")


main()
