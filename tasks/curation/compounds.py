"""English compounds of two words of five letters and more, which are no stuck tokens.

A thought that says "under", "estimate" and "underestimate" has stuck nothing together. Only
compounds of common words, whose halves may occur beside them, have to be here.
"""

_WORDS = """
aftershave aftershock afterwards alternative alternatively applesauce basketballs benchmarks
birthplace blackberries blackberry blackboard brainstorm brainstorming breadcrumbs breadsticks
breakpoint breakthrough broomstick buttercream butterflies butterscotch candlelight candlestick
centerpiece chairperson chalkboard checkpoint cheeseburger cheesecakes classmates classrooms
coffeepots commonplace counterbalance counterclockwise counterexample counterintuitive counterpart
courthouse crossroads crosswalks doublecheck doublechecked doublechecking dragonflies earthquake
estimate everything everywhere faithfully fingerprint fingertips flashcards flashlight frameworks
freshwater gingerbread gracefully grandchild grandchildren granddaughter grandfather grandmother
grandparent grapefruit greenhouse groundwater groundwork heartbeats honeycombs horsepower
houseboats households houseplant interaction interchange international internationally
intersection lighthouse lightweight marketplace masterpiece matchsticks membership microphone
microscope motorboats motorcycle multicolored multigraph nightgowns nightlights nightstand
northbound northeastern northwestern notwithstanding paintbrush paintbrushes paperbacks paperclips
paperweight photocopies photograph photosynthesis placeholder powerhouse quarterfinal racehorses
salespeople salesperson schoolchildren schoolhouse schoolteacher schoolwork schoolyard scoreboard
scorecards scrapbooks screenshots screwdriver shareholder shopkeeper shortbread shortcakes
shortcoming skateboard skateboarding smartphone soundproof southbound southeastern southwestern
speedboats spreadsheet stakeholder standalone standpoint standstill steamboats stereotype
stereotyped stockholder storekeeper storybooks storyteller straightforward strawberries strawberry
streetlight successfully superimpose superimposed supermarket superscript sweatpants sweatshirt
sweetheart tablecloth tablespoon thereafter thunderstorm toothbrush toothbrushes toothpaste
toothpicks touchdowns touchscreen tradespeople undercount underestimate underestimated
undergraduate underground underlines underscore understand understanding understood underwater
underweight volleyballs waterfalls waterfront watermelon waterproof wheelchair whiteboard
wholesaler windshield workplaces worthwhile
"""
_COMPOUNDS = frozenset(_WORDS.split())


def is_compound(word: str) -> bool:
    """Tell whether a word in lower case is a known compound, or its plural."""
    return word in _COMPOUNDS or word.removesuffix("s") in _COMPOUNDS
