"""What holds for all tests."""

from __future__ import annotations

import signal

from hypothesis import HealthCheck, settings

# How long an example takes says something about the machine, and not about the code. What is measured is in bench/.
# Where CI is set, Hypothesis has a profile with the same examples each time, which stays.
settings.register_profile(
    "dagwerk",
    settings.get_profile(settings.get_current_profile_name()),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("dagwerk")

# What a shell starts in the background ignores Ctrl-C, and after nohup hang-ups; tests send both, also to programs
# that inherit it.
for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)
