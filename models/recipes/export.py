"""Writes the folder of a model."""


def export_model(args, task, run):
    pass
