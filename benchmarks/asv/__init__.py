"""History of the speed suite with airspeed velocity: see asv.conf.json."""
