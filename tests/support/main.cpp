// Every test binary starts here; see cases.hpp for how one registers its text cases.
#include <gtest/gtest.h>

#include <cstdlib>

#include "support/cases.hpp"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  // A run is repeatable; RC_PARAMS="seed=7 max_success=2000" looks elsewhere, and further.
  setenv("RC_PARAMS", "seed=20260101", 0);
  for (const auto& registration : rollcall::test::registrations()) registration();
  return RUN_ALL_TESTS();
}
