"""What every test module shares: one hypothesis profile, so that a run today and a run tomorrow try the same examples."""

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    max_examples=25,
    phases=(Phase.explicit, Phase.generate),  # a failure is shown as found: shrinking geometry takes minutes
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci")
