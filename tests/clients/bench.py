"""How fast a cluster is for one client of librdkafka: produced and consumed records a second, and latency.

`bench.py mock` is librdkafka's own mock cluster of three brokers in a process of its own, which says where it listens
and waits; `bench.py measure SERVERS` measures and prints a line of JSON; `bench.py fill SERVERS TOPIC SIZE COUNT` fills a
topic.
"""

import json
import sys
import threading
import time

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic


def mock():
    host = Producer({"test.mock.num.brokers": 3, "bootstrap.servers": "unused", "log_level": 0})
    brokers = host.list_topics(timeout=10).brokers.values()
    print(",".join("%s:%d" % (broker.host, broker.port) for broker in brokers), flush=True)
    sys.stdin.read()


def create(servers, topic, partitions=3, config=None):
    admin = AdminClient({"bootstrap.servers": servers, "log_level": 0})
    try:
        admin.create_topics([NewTopic(topic, partitions, 3, config=config or {})])[topic].result(10)
    except Exception:
        pass  # The mock makes topics when they are asked for.
    for _ in range(100):
        found = admin.list_topics(topic, timeout=10).topics[topic].partitions
        if found and all(p.leader >= 0 for p in found.values()):
            return sorted(found)
        time.sleep(0.05)
    raise SystemExit("%s does not come to be" % topic)


def produce(servers, topic, size, count):
    producer = Producer({
        "bootstrap.servers": servers, "acks": "all", "linger.ms": 5, "log_level": 0,
        "queue.buffering.max.messages": 1_000_000, "queue.buffering.max.kbytes": 1_000_000,
    })
    # Before the clock runs everybody is connected, and a topic that was made a moment ago has followers.
    for partition in producer.list_topics(topic, timeout=10).topics[topic].partitions:
        producer.produce(topic, b"first", partition=partition)
    if producer.flush(30):
        raise SystemExit("nothing is taken")
    value, since = b"x" * size, time.perf_counter()
    for _ in range(count):
        while True:
            try:
                producer.produce(topic, value)
                break
            except BufferError:
                producer.poll(0.01)
    if producer.flush(120):
        raise SystemExit("not everything was taken")
    return count / (time.perf_counter() - since)


def consume(servers, topic, partitions, count):
    consumer = Consumer({
        "bootstrap.servers": servers, "group.id": "bench", "enable.auto.commit": False, "log_level": 0,
        "auto.offset.reset": "earliest", "queued.min.messages": 1_000_000, "fetch.message.max.bytes": 1_048_576,
    })
    consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
    # From the first record on: how long it takes to connect says little about reading.
    while not consumer.consume(1, 2):
        pass
    since, seen, last = time.perf_counter(), 0, None
    while seen < count - 1:
        new = sum(not message.error() for message in consumer.consume(10_000, 2))
        if not new and seen:
            break  # The mock keeps five megabytes of a partition, so there is less to read.
        seen, last = seen + new, time.perf_counter()
        if last - since > 60:
            raise SystemExit("%d of %d were read" % (seen, count))
    consumer.close()
    return seen / (last - since)


def latency(servers, topic, partitions, seconds):
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "latency", "enable.auto.commit": False, "log_level": 0})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
    taken, done = [], threading.Event()

    def read():
        while not done.is_set():
            message = consumer.poll(0.2)
            if message is not None and not message.error():
                sent = int(message.value()[:20])
                taken.append((sent, time.perf_counter_ns() - sent))

    reader = threading.Thread(target=read)
    reader.start()
    producer = Producer({"bootstrap.servers": servers, "acks": "all", "linger.ms": 0, "log_level": 0})
    for _ in range(200 * seconds):
        producer.produce(topic, b"%020d" % time.perf_counter_ns() + b"x" * 80)
        producer.poll(0)
        time.sleep(0.005)
    producer.flush(10)
    time.sleep(1)
    done.set()
    reader.join()
    consumer.close()
    # In the first second connections are made.
    begin = min(sent for sent, _ in taken) + 1_000_000_000
    rest = sorted(took for sent, took in taken if sent >= begin)
    return [rest[len(rest) * share // 100] / 1e6 for share in (50, 99)]


def measure(servers, tag):
    found = {}
    for size, count in ((100, 600_000), (1024, 200_000)):
        topic = "bench-%s-%d" % (tag, size)
        partitions = create(servers, topic)
        found["produce %d B" % size] = produce(servers, topic, size, count)
        found["consume %d B" % size] = consume(servers, topic, partitions, count)
    for partitions in (30, 300):
        topic = "spread-%s-%d" % (tag, partitions)
        create(servers, topic, partitions)
        found["over %d partitions" % partitions] = produce(servers, topic, 100, 300_000)
    topic = "latency-%s" % tag
    found["p50 ms"], found["p99 ms"] = latency(servers, topic, create(servers, topic), 4)
    print(json.dumps(found), flush=True)


def fill(servers, topic, size, count):
    """Fills a topic that keeps everything."""
    create(servers, topic, config={"retention.ms": "-1", "retention.bytes": "-1"})
    produce(servers, topic, int(size), int(count))


if sys.argv[1] == "mock":
    mock()
elif sys.argv[1] == "fill":
    fill(*sys.argv[2:])
else:
    measure(*sys.argv[2:])
