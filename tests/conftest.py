"""How Hypothesis searches, as it likes at a desk, the same way every time where `CI` is set; and what signals mean."""

import os
import signal
from threading import current_thread, main_thread

from hypothesis import settings

settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

# A shell that starts a job in the background has it ignore SIGINT, and so would all commands that tests start and
# interrupt.
if current_thread() is main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
