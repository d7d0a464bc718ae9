def inner(x):
    return {}[x]


def outer():
    try:
        inner("key")
    except KeyError as e:
        raise ValueError("outer failed") from e


print("before")
outer()
