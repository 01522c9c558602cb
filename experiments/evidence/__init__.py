"""Published facts beside what comes out of the simulator."""
