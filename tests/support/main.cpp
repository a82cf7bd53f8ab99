// Every test binary starts here; see cases.hpp for how one registers its text cases.
#include <gtest/gtest.h>

#include "support/cases.hpp"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  for (const auto& registration : rollcall::test::registrations()) registration();
  return RUN_ALL_TESTS();
}
