"""The tour of tools/examples: it checks what it shows."""
import os
import unittest

from harness import KABUKI, KUBECTL, PATIENCE, REPOSITORY, run


class TourTest(unittest.TestCase):
    def test_the_tour_comes_to_its_end(self):
        shown = run([os.path.join(REPOSITORY, "tools", "examples", "tour")], timeout=6 * PATIENCE,
                    env={"KABUKI": KABUKI, "KUBECTL": KUBECTL}).stdout
        self.assertTrue(shown.endswith("# That was the tour.\n"), shown)
        for step in ("APPLY", "SCALE", "UPDATE", "BREAK", "HEAL", "DELETE"):
            self.assertIn(step, shown)


if __name__ == "__main__":
    unittest.main(verbosity=2)
