"""What has the name of a file and is none: each function makes it at a path."""

import os


def a_pipe(path):
    os.mkfifo(path)


def a_link_to_a_pipe(path):
    os.mkfifo(path.with_name("rohr"))
    path.symlink_to("rohr")


def an_endless_device(path):
    path.symlink_to("/dev/zero")


def a_link_to_itself(path):
    path.symlink_to(path.name)


def a_link_to_nowhere(path):
    path.symlink_to("nirgends")


def what_even_root_cannot_read(path):
    path.symlink_to("/proc/self/mem")


def a_folder(path):
    path.mkdir()


NO_FILES = [
    a_pipe,
    a_link_to_a_pipe,
    an_endless_device,
    a_link_to_itself,
    a_link_to_nowhere,
    what_even_root_cannot_read,
]
