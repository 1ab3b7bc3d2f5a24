"""The shapes of requests and answers, one module a service. Every schema carries an `example` that it accepts."""
