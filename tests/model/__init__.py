"""The model: every interleaving of the product's own steps, over databases in memory and a broker that is a value.

What is run
    The code of the product, and no copy of it: Commands.run and Log.append, Relay.step with its Publisher, one turn
    of the receiver at its queue (`_consume`: gather, Receiver.receive, acknowledge; or silence), Receiver.catch_up
    on LocalFeed, Projector.step (which parks), Projector.replay, rebuild, and what `alliance restored` does. It
    runs on the tables that the migrations make, in SQLite (`database_values.py`), and on kombu's connection and
    channel as far as the product uses them (`courier.py`).

How every interleaving is reached
    A step runs in a greenlet and waits at each scheduling point: before each transaction and each lone statement,
    before a connection to the broker, at each confirm, message and acknowledgement (`stage.py`). What a step does
    next is a function of what it has seen, so a suspended step is the list of that; it goes on from there by
    running again over the same values (`points.py`). A world is then a value (`world.py`), its moves are a function
    (`moves.py`, `processes.py`), and `exploration.py` goes through all of them, breadth first, and counts.

What may happen at each point
    A process is killed (before a transaction, which is also what a kill before its COMMIT comes to, since that is
    rolled back; after the commit; before and after a confirm and an acknowledgement), the database is away, or
    commits and does not live to say so. The broker confirms late, refuses, loses a message, delivers it again,
    swaps two, cuts a connection, loses its queue or its disk. A second relay, receiver, projector. A log or a
    journal that was restored from an older copy. `configurations.py` says which of them each small system meets,
    and how many on one path.

What is shown
    In every state what `invariants.py` lists: I1 to I6 of the design, and what relay and receiver promise (R1 to
    R3). On the whole graph, backwards from the settled states: none is a dead end, whatever has failed before,
    without another fault, a new command or a person's help; with the operator's help (mend, replay) nothing stays
    parked.

What is left out of the orders
    A step that would find nothing to do, and the order of reads that no other part can change with the moves of
    those parts (`Model._reading`). Several sends in one go: the broker takes them one by one all the same.

What is not modelled
    PostgreSQL's own isolation: a transaction is one move here, since every writing one of the product begins with
    the lock of a row (SQLite: of the file) and nothing else writes what it reads. A group commit of several
    threads. The lock of a rebuild. Bytes on the network, heartbeats, clocks. Partitions of a projection. Those are
    for tests/faults.

`python -m tests.model [NAME ...] [--deep]` prints states, moves and seconds; with --deep, or ALLIANCE_MODEL=deep
for the tests, each path has one fault more. `mutants.py` has the changes that must be noticed, `test_histories.py`
draws longer histories of a larger system.
"""
