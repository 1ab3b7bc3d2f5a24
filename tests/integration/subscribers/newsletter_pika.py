# ruff: noqa: T201
import json

import pika

connection = pika.BlockingConnection(pika.URLParameters("amqp://reader:secret@localhost:5672/%2F"))
channel = connection.channel()
channel.queue_declare("newsletter", durable=True, arguments={"x-queue-type": "quorum"})
channel.queue_bind("newsletter", "pledges.events", "PledgeSigned")  # "#" for every event of pledges


def on_message(channel, method, properties, body):
    event = json.loads(body)
    print(event["data"]["school"], event["sequence"])
    channel.basic_ack(method.delivery_tag)  # after your own commit


channel.basic_consume("newsletter", on_message)
channel.start_consuming()
