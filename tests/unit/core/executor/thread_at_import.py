"""A module of a user's that starts a thread when it is imported."""

import threading

threading.Thread(target=threading.Event().wait, name="of the module", daemon=True).start()
