"""Rules as data: what one says (rule), which are in force (book), and how people check, read and edit them."""

from cdgis.rules.access_list import access_list_rules
from cdgis.rules.book import Rulebook, load_rulebook, read_rule_file
from cdgis.rules.rule import Basis, Condition, Exemption, GeometryTest, IndustryFlag, Operator, Rule

__all__ = [
    "Basis",
    "Condition",
    "Exemption",
    "GeometryTest",
    "IndustryFlag",
    "Operator",
    "Rule",
    "Rulebook",
    "access_list_rules",
    "load_rulebook",
    "read_rule_file",
]
