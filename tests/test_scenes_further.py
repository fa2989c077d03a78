"""What people say in the further languages, style by style, and how words agree there."""

from __future__ import annotations

import pytest
from ccr_scenes.dictionaries import arabic, finnish, hindi, korean, spanish, swahili, turkish
from ccr_scenes.grammar import STYLES, realise
from ccr_scenes.languages import FURTHER
from ccr_scenes.world import Claim, Mention
from test_scenes_language import CHAIN, HUB, LOOSE, PAIR, First, translator

ALONE = Claim((Mention("moon", "white"), Mention("arrow", "red", "small")), (), "brick")
CLAIMS = (PAIR, CHAIN, HUB, LOOSE, ALONE)

# fmt: off
CAPTIONS = {
    ("es", "background_first"): (
        "en la playa, a la izquierda de un corazón morado hay una estrella roja grande",
        "en esta imagen, encima de un rombo pequeño, que está a la derecha de una cruz marrón, hay una flecha verde",
        "en el cielo nocturno, debajo de una estrella azul y a la izquierda de un cuadrado grande hay una luna blanca",
        "en la nieve, a la derecha de un triángulo naranja hay un anillo negro y además un círculo amarillo",
        "delante de una pared de ladrillo hay una luna blanca y una flecha roja pequeña",
    ),
    ("es", "fronted"): (
        "a la izquierda del corazón morado se ve una estrella roja grande, en la playa",
        "encima del rombo pequeño, que está a la derecha de la cruz marrón, se ve una flecha verde",
        "debajo de la estrella azul y a la izquierda del cuadrado grande se ve una luna blanca, en el cielo nocturno",
        "a la derecha del triángulo naranja se ve un anillo negro, además de un círculo amarillo, en la nieve",
        "aquí se ven una luna blanca y una flecha roja pequeña, delante de una pared de ladrillo",
    ),
    ("es", "landmark"): (
        "un corazón morado, a su izquierda una estrella roja grande; al fondo, una playa",
        "una cruz marrón, a su derecha un rombo pequeño, encima del rombo una flecha verde",
        "un cuadrado grande, a su izquierda una luna blanca, encima de la luna una estrella azul; al fondo, el cielo nocturno",  # noqa: E501
        "un triángulo naranja, a su derecha un anillo negro, y además un círculo amarillo; al fondo, la nieve",
        "una luna blanca y una flecha roja pequeña; al fondo, una pared de ladrillo",
    ),
    ("es", "seen"): (
        "se puede ver en la playa una estrella roja grande situada a la izquierda de un corazón morado",
        "se puede ver una flecha verde situada encima de un rombo pequeño, que está a la derecha de una cruz marrón",
        "se puede ver en el cielo nocturno una luna blanca situada debajo de una estrella azul y a la izquierda de un cuadrado grande",  # noqa: E501
        "se puede ver en la nieve un anillo negro situado a la derecha de un triángulo naranja, y también un círculo amarillo",  # noqa: E501
        "se pueden ver delante de una pared de ladrillo una luna blanca y una flecha roja pequeña",
    ),
    ("es", "stepwise"): (
        "tenemos una estrella roja grande y, a su derecha, un corazón morado; de fondo, una playa",
        "tenemos una flecha verde y, debajo, un rombo pequeño y, a la izquierda del rombo, una cruz marrón",
        "tenemos una estrella azul y, debajo, una luna blanca y, a la derecha de la luna, un cuadrado grande; de fondo, el cielo nocturno",  # noqa: E501
        "tenemos un anillo negro y, a su izquierda, un triángulo naranja; además, un círculo amarillo; de fondo, la nieve",  # noqa: E501
        "tenemos una luna blanca y una flecha roja pequeña; de fondo, una pared de ladrillo",
    ),
    ("es", "fragment"): (
        "playa: estrella roja grande a la izquierda de corazón morado",
        "flecha verde encima de rombo pequeño, que está a la derecha de cruz marrón",
        "cielo nocturno: luna blanca debajo de estrella azul y a la izquierda de cuadrado grande",
        "nieve: anillo negro a la derecha de triángulo naranja; círculo amarillo",
        "pared de ladrillo: luna blanca y flecha roja pequeña",
    ),
    ("ko", "background_first"): (
        "해변에, 보라색 하트 왼쪽에 큰 빨간 별 하나가 있다",
        "그림 속에, 갈색 십자가 오른쪽에 있는 작은 마름모 위에 초록색 화살표 하나가 있다",
        "밤하늘에, 파란 별 아래에, 큰 정사각형 왼쪽에 하얀 달 하나가 있다",
        "눈밭에, 주황색 삼각형 오른쪽에 검은 고리 하나가 있고, 노란 원 하나도 있다",
        "벽돌 벽 앞에, 하얀 달 하나와 작은 빨간 화살표 하나가 있다",
    ),
    ("ko", "fronted"): (
        "보라색 하트 왼쪽에 큰 빨간 별 하나가 놓인 해변",
        "갈색 십자가 오른쪽에 있는 작은 마름모 위에 초록색 화살표 하나가 놓인 그림",
        "파란 별 아래에, 큰 정사각형 왼쪽에 하얀 달 하나가 놓인 밤하늘",
        "주황색 삼각형 오른쪽에 검은 고리 하나가, 그 밖에 노란 원 하나가 놓인 눈밭",
        "하얀 달 하나와 작은 빨간 화살표 하나가 놓인 벽돌 벽",
    ),
    ("ko", "landmark"): (
        "보라색 하트 하나, 그 왼쪽에 큰 빨간 별 하나, 배경은 해변",
        "갈색 십자가 하나, 그 오른쪽에 작은 마름모 하나, 마름모 위에 초록색 화살표 하나",
        "큰 정사각형 하나, 그 왼쪽에 하얀 달 하나, 달 위에 파란 별 하나, 배경은 밤하늘",
        "주황색 삼각형 하나, 그 오른쪽에 검은 고리 하나, 따로 노란 원 하나, 배경은 눈밭",
        "하얀 달 하나와 작은 빨간 화살표 하나, 배경은 벽돌 벽",
    ),
    ("ko", "seen"): (
        "해변에 보이는 것은 보라색 하트 왼쪽에 있는 큰 빨간 별 하나",
        "보이는 것은 갈색 십자가 오른쪽에 있는 작은 마름모 위에 있는 초록색 화살표 하나",
        "밤하늘에 보이는 것은 파란 별 아래에, 큰 정사각형 왼쪽에 있는 하얀 달 하나",
        "눈밭에 보이는 것은 주황색 삼각형 오른쪽에 있는 검은 고리 하나와 노란 원 하나",
        "벽돌 벽 앞에 보이는 것은 하얀 달 하나와 작은 빨간 화살표 하나",
    ),
    ("ko", "parallel"): (
        "배경은 해변, 왼쪽에 큰 빨간 별, 오른쪽에 보라색 하트",
        "위에 초록색 화살표, 아래에 작은 마름모, 마름모 왼쪽에 갈색 십자가",
        "배경은 밤하늘, 위에 파란 별, 아래에 하얀 달, 달 오른쪽에 큰 정사각형",
        "배경은 눈밭, 오른쪽에 검은 고리, 왼쪽에 주황색 삼각형, 그 밖에 노란 원",
        "배경은 벽돌 벽, 오직 하얀 달 하나와 작은 빨간 화살표 하나",
    ),
    ("ko", "fragment"): (
        "해변: 보라색 하트 왼쪽에 큰 빨간 별",
        "갈색 십자가 오른쪽에 있는 작은 마름모 위에 초록색 화살표",
        "밤하늘: 파란 별 아래에, 큰 정사각형 왼쪽에 하얀 달",
        "눈밭: 주황색 삼각형 오른쪽에 검은 고리; 노란 원",
        "벽돌 벽: 하얀 달 하나와 작은 빨간 화살표",
    ),
    ("tr", "background_first"): (
        "sahilde, mor bir kalbin solunda büyük kırmızı bir yıldız var",
        "bu resimde, kahverengi bir haçın sağındaki küçük bir baklavanın üstünde yeşil bir ok var",
        "gece gökyüzünde, mavi bir yıldızın altında ve büyük bir karenin solunda beyaz bir ay var",
        "karda, turuncu bir üçgenin sağında siyah bir halka, ayrıca sarı bir daire var",
        "tuğla duvarın önünde beyaz bir ay ve küçük kırmızı bir ok var",
    ),
    ("tr", "fronted"): (
        "mor kalbin solunda büyük kırmızı bir yıldız görülüyor, arka planda sahil",
        "kahverengi haçın sağındaki küçük baklavanın üstünde yeşil bir ok görülüyor",
        "mavi yıldızın altında ve büyük karenin solunda beyaz bir ay görülüyor, arka planda gece gökyüzü",
        "turuncu üçgenin sağında siyah bir halka ve sarı bir daire görülüyor, arka planda kar",
        "burada beyaz bir ay ve küçük kırmızı bir ok var, arka planda tuğla duvar",
    ),
    ("tr", "landmark"): (
        "mor bir kalp, onun solunda büyük kırmızı bir yıldız, hepsi sahilde",
        "kahverengi bir haç, onun sağında küçük bir baklava, baklavanın üstünde yeşil bir ok",
        "büyük bir kare, onun solunda beyaz bir ay, ayın üstünde mavi bir yıldız, hepsi gece gökyüzünde",
        "turuncu bir üçgen, onun sağında siyah bir halka, ayrıca sarı bir daire, hepsi karda",
        "beyaz bir ay ve küçük kırmızı bir ok, hepsi tuğla duvarın önünde",
    ),
    ("tr", "seen"): (
        "sahilde mor kalbin solundaki büyük kırmızı yıldız görülüyor",
        "kahverengi haçın sağındaki küçük baklavanın üstündeki yeşil ok görülüyor",
        "gece gökyüzünde mavi yıldızın altında ve büyük karenin solundaki beyaz ay görülüyor",
        "karda turuncu üçgenin sağındaki siyah halka ve sarı daire görülüyor",
        "tuğla duvarın önünde beyaz ay ve küçük kırmızı ok görülüyor",
    ),
    ("tr", "stepwise"): (
        "resimde büyük kırmızı bir yıldız ile onun sağında mor bir kalp var, zemin sahil",
        "resimde yeşil bir ok ile onun altında küçük bir baklava, baklavanın solunda kahverengi bir haç var",
        "resimde mavi bir yıldız ile onun altında beyaz bir ay, ayın sağında büyük bir kare var, zemin gece gökyüzü",
        "resimde siyah bir halka ile onun solunda turuncu bir üçgen ve sarı bir daire var, zemin kar",
        "resimde beyaz bir ay ve küçük kırmızı bir ok var, zemin tuğla duvar",
    ),
    ("tr", "fragment"): (
        "sahil: mor kalbin solundaki büyük kırmızı yıldız",
        "kahverengi haçın sağındaki küçük baklavanın üstündeki yeşil ok",
        "gece gökyüzü: mavi yıldızın altında ve büyük karenin solundaki beyaz ay",
        "kar: turuncu üçgenin sağındaki siyah halka; sarı daire",
        "tuğla duvar: beyaz ay ve küçük kırmızı ok",
    ),
    ("ar", "background_first"): (
        "على الشاطئ، إلى يسار قلب بنفسجي توجد نجمة حمراء كبيرة",
        "في هذه الصورة، فوق معين صغير يقع إلى يمين صليب بني، يوجد سهم أخضر",
        "في سماء الليل، تحت نجمة زرقاء وإلى يسار مربع كبير يوجد قمر أبيض",
        "في الثلج، إلى يمين مثلث برتقالي توجد حلقة سوداء، وكذلك دائرة صفراء",
        "أمام جدار من الطوب يوجد قمر أبيض مع سهم أحمر صغير",
    ),
    ("ar", "fronted"): (
        "إلى يسار القلب البنفسجي نجمة حمراء كبيرة، وذلك على الشاطئ",
        "فوق المعين الصغير الذي يقع إلى يمين الصليب البني، سهم أخضر",
        "تحت النجمة الزرقاء وإلى يسار المربع الكبير قمر أبيض، وذلك في سماء الليل",
        "إلى يمين المثلث البرتقالي حلقة سوداء، وأيضًا دائرة صفراء، وذلك في الثلج",
        "قمر أبيض مع سهم أحمر صغير، وذلك أمام جدار من الطوب",
    ),
    ("ar", "landmark"): (
        "قلب بنفسجي، وإلى اليسار منه نجمة حمراء كبيرة، والخلفية الشاطئ",
        "صليب بني، وإلى اليمين منه معين صغير، وإلى الأعلى من المعين سهم أخضر",
        "مربع كبير، وإلى اليسار منه قمر أبيض، وإلى الأعلى من القمر نجمة زرقاء، والخلفية سماء الليل",
        "مثلث برتقالي، وإلى اليمين منه حلقة سوداء، وكذلك دائرة صفراء، والخلفية الثلج",
        "قمر أبيض مع سهم أحمر صغير، والخلفية جدار من الطوب",
    ),
    ("ar", "seen"): (
        "على الشاطئ يمكن رؤية نجمة حمراء كبيرة تقع إلى يسار قلب بنفسجي",
        "يمكن رؤية سهم أخضر يقع فوق معين صغير يقع إلى يمين صليب بني",
        "في سماء الليل يمكن رؤية قمر أبيض يقع تحت نجمة زرقاء وإلى يسار مربع كبير",
        "في الثلج يمكن رؤية حلقة سوداء تقع إلى يمين مثلث برتقالي، وكذلك دائرة صفراء",
        "أمام جدار من الطوب يمكن رؤية قمر أبيض مع سهم أحمر صغير",
    ),
    ("ar", "counted"): (
        "اثنان على الشاطئ: نجمة حمراء كبيرة، وإلى اليمين منها قلب بنفسجي",
        "ثلاثة في الصورة: سهم أخضر، وإلى الأسفل منه معين صغير، وإلى اليسار من المعين صليب بني",
        "ثلاثة في سماء الليل: نجمة زرقاء، وإلى الأسفل منها قمر أبيض، وإلى اليمين من القمر مربع كبير",
        "ثلاثة في الثلج: حلقة سوداء، وإلى اليسار منها مثلث برتقالي، ثم دائرة صفراء",
        "اثنان أمام جدار من الطوب: قمر أبيض مع سهم أحمر صغير",
    ),
    ("ar", "fragment"): (
        "الشاطئ: النجمة الحمراء الكبيرة إلى يسار القلب البنفسجي",
        "السهم الأخضر فوق المعين الصغير الذي يقع إلى يمين الصليب البني",
        "سماء الليل: القمر الأبيض تحت النجمة الزرقاء وإلى يسار المربع الكبير",
        "الثلج: الحلقة السوداء إلى يمين المثلث البرتقالي؛ الدائرة الصفراء",
        "جدار من الطوب: القمر الأبيض مع السهم الأحمر الصغير",
    ),
    ("hi", "background_first"): (
        "समुद्र तट पर, बैंगनी दिल के बाईं ओर एक बड़ा लाल तारा है",
        "इस तस्वीर में, भूरे क्रॉस के दाईं ओर वाले छोटे समचतुर्भुज के ऊपर एक हरा तीर है",
        "रात के आसमान में, नीले तारे के नीचे और बड़े वर्ग के बाईं ओर एक सफ़ेद चाँद है",
        "बर्फ़ में, नारंगी त्रिभुज के दाईं ओर एक काला छल्ला है, साथ में एक पीला गोला भी",
        "ईंट की दीवार के सामने एक सफ़ेद चाँद और एक छोटा लाल तीर हैं",
    ),
    ("hi", "fronted"): (
        "बैंगनी दिल के बाईं ओर समुद्र तट पर एक बड़ा लाल तारा मौजूद है",
        "भूरे क्रॉस के दाईं ओर वाले छोटे समचतुर्भुज के ऊपर एक हरा तीर मौजूद है",
        "नीले तारे के नीचे और बड़े वर्ग के बाईं ओर रात के आसमान में एक सफ़ेद चाँद मौजूद है",
        "नारंगी त्रिभुज के दाईं ओर बर्फ़ में एक काला छल्ला मौजूद है, और एक पीला गोला भी",
        "यहाँ ईंट की दीवार के सामने एक सफ़ेद चाँद और एक छोटा लाल तीर मौजूद हैं",
    ),
    ("hi", "landmark"): (
        "एक बैंगनी दिल, उसके बाईं ओर एक बड़ा लाल तारा, पृष्ठभूमि में समुद्र तट",
        "एक भूरा क्रॉस, उसके दाईं ओर एक छोटा समचतुर्भुज, समचतुर्भुज के ऊपर एक हरा तीर",
        "एक बड़ा वर्ग, उसके बाईं ओर एक सफ़ेद चाँद, चाँद के ऊपर एक नीला तारा, पृष्ठभूमि में रात का आसमान",
        "एक नारंगी त्रिभुज, उसके दाईं ओर एक काला छल्ला, साथ में एक पीला गोला, पृष्ठभूमि में बर्फ़",
        "एक सफ़ेद चाँद और एक छोटा लाल तीर, पृष्ठभूमि में ईंट की दीवार",
    ),
    ("hi", "seen"): (
        "समुद्र तट पर बैंगनी दिल के बाईं ओर वाले बड़े लाल तारे को देखा जा सकता है",
        "भूरे क्रॉस के दाईं ओर वाले छोटे समचतुर्भुज के ऊपर वाले हरे तीर को देखा जा सकता है",
        "रात के आसमान में नीले तारे के नीचे और बड़े वर्ग के बाईं ओर वाले सफ़ेद चाँद को देखा जा सकता है",
        "बर्फ़ में नारंगी त्रिभुज के दाईं ओर वाले काले छल्ले और एक पीले गोले को देखा जा सकता है",
        "ईंट की दीवार के सामने एक सफ़ेद चाँद और एक छोटे लाल तीर को देखा जा सकता है",
    ),
    ("hi", "stepwise"): (
        "तस्वीर में एक बड़ा लाल तारा तथा उसके दाईं ओर एक बैंगनी दिल, पीछे समुद्र तट",
        "तस्वीर में एक हरा तीर तथा उसके नीचे एक छोटा समचतुर्भुज तथा समचतुर्भुज के बाईं ओर एक भूरा क्रॉस",
        "तस्वीर में एक नीला तारा तथा उसके नीचे एक सफ़ेद चाँद तथा चाँद के दाईं ओर एक बड़ा वर्ग, पीछे रात का आसमान",
        "तस्वीर में एक काला छल्ला तथा उसके बाईं ओर एक नारंगी त्रिभुज, साथ में एक पीला गोला, पीछे बर्फ़",
        "तस्वीर में एक सफ़ेद चाँद और एक छोटा लाल तीर, पीछे ईंट की दीवार",
    ),
    ("hi", "fragment"): (
        "समुद्र तट: बैंगनी दिल के बाईं ओर बड़ा लाल तारा",
        "भूरे क्रॉस के दाईं ओर वाले छोटे समचतुर्भुज के ऊपर हरा तीर",
        "रात का आसमान: नीले तारे के नीचे और बड़े वर्ग के बाईं ओर सफ़ेद चाँद",
        "बर्फ़: नारंगी त्रिभुज के दाईं ओर काला छल्ला; पीला गोला",
        "ईंट की दीवार: सफ़ेद चाँद और छोटा लाल तीर",
    ),
    ("fi", "background_first"): (
        "rannalla, violetin sydämen vasemmalla puolella on suuri punainen tähti",
        "tässä kuvassa, ruskean ristin oikealla puolella olevan pienen vinoneliön yläpuolella on vihreä nuoli",
        "yötaivaalla, sinisen tähden alapuolella ja suuren neliön vasemmalla puolella on valkoinen kuu",
        "lumessa, oranssin kolmion oikealla puolella on musta rengas sekä keltainen ympyrä",
        "tiiliseinän edessä näkyy valkoinen kuu ja pieni punainen nuoli",
    ),
    ("fi", "fronted"): (
        "violetin sydämen vasemmalla puolella näkyy suuri punainen tähti, taustalla ranta",
        "ruskean ristin oikealla puolella olevan pienen vinoneliön yläpuolella näkyy vihreä nuoli",
        "sinisen tähden alapuolella ja suuren neliön vasemmalla puolella näkyy valkoinen kuu, taustalla yötaivas",
        "oranssin kolmion oikealla puolella näkyy musta rengas ja lisäksi keltainen ympyrä, taustalla lumi",
        "tässä näkyy valkoinen kuu ja pieni punainen nuoli, taustalla tiiliseinä",
    ),
    ("fi", "landmark"): (
        "violetti sydän, sen vasemmalla puolella suuri punainen tähti, kaikki rannalla",
        "ruskea risti, sen oikealla puolella pieni vinoneliö, vinoneliön yläpuolella vihreä nuoli",
        "suuri neliö, sen vasemmalla puolella valkoinen kuu, kuun yläpuolella sininen tähti, kaikki yötaivaalla",
        "oranssi kolmio, sen oikealla puolella musta rengas, lisäksi keltainen ympyrä, kaikki lumessa",
        "valkoinen kuu ja pieni punainen nuoli, kaikki tiiliseinän edessä",
    ),
    ("fi", "seen"): (
        "rannalla voi nähdä suuren punaisen tähden, joka on violetin sydämen vasemmalla puolella",
        "voi nähdä vihreän nuolen, joka on ruskean ristin oikealla puolella olevan pienen vinoneliön yläpuolella",
        "yötaivaalla voi nähdä valkoisen kuun, joka on sinisen tähden alapuolella ja suuren neliön vasemmalla puolella",
        "lumessa voi nähdä mustan renkaan, joka on oranssin kolmion oikealla puolella, sekä keltaisen ympyrän",
        "tiiliseinän edessä voi nähdä valkoisen kuun ja pienen punaisen nuolen",
    ),
    ("fi", "stepwise"): (
        "kuvassa näkyy suuri punainen tähti ja sen oikealla puolella violetti sydän, taustalla ranta",
        "kuvassa näkyy vihreä nuoli ja sen alapuolella pieni vinoneliö ja vinoneliön vasemmalla puolella ruskea risti",
        "kuvassa näkyy sininen tähti ja sen alapuolella valkoinen kuu ja kuun oikealla puolella suuri neliö, taustalla yötaivas",  # noqa: E501
        "kuvassa näkyy musta rengas ja sen vasemmalla puolella oranssi kolmio, lisäksi keltainen ympyrä, taustalla lumi",  # noqa: E501
        "kuvassa näkyy valkoinen kuu ja pieni punainen nuoli, taustalla tiiliseinä",
    ),
    ("fi", "fragment"): (
        "ranta: violetin sydämen vasemmalla puolella suuri punainen tähti",
        "ruskean ristin oikealla puolella olevan pienen vinoneliön yläpuolella vihreä nuoli",
        "yötaivas: sinisen tähden alapuolella ja suuren neliön vasemmalla puolella valkoinen kuu",
        "lumi: oranssin kolmion oikealla puolella musta rengas; keltainen ympyrä",
        "tiiliseinä: valkoinen kuu ja pieni punainen nuoli",
    ),
    ("sw", "background_first"): (
        "ufukweni, kushoto kwa moyo wa zambarau kuna nyota nyekundu kubwa",
        "katika picha hii, juu ya almasi ndogo ambayo iko kulia kwa msalaba wa kahawia, kuna mshale wa kijani",
        "kwenye anga la usiku, chini ya nyota ya buluu na kushoto kwa mraba mkubwa kuna mwezi mweupe",
        "kwenye theluji, kulia kwa pembetatu ya machungwa kuna pete nyeusi pamoja na duara la manjano",
        "mbele ya ukuta wa matofali kuna mwezi mweupe na mshale mwekundu mdogo",
    ),
    ("sw", "fronted"): (
        "kushoto kwa moyo wa zambarau ipo nyota nyekundu kubwa, ufukweni",
        "juu ya almasi ndogo ambayo iko kulia kwa msalaba wa kahawia, upo mshale wa kijani",
        "chini ya nyota ya buluu na kushoto kwa mraba mkubwa upo mwezi mweupe, kwenye anga la usiku",
        "kulia kwa pembetatu ya machungwa ipo pete nyeusi, pia duara la manjano, kwenye theluji",
        "hapa pana mwezi mweupe na mshale mwekundu mdogo, mbele ya ukuta wa matofali",
    ),
    ("sw", "landmark"): (
        "moyo wa zambarau, kushoto kwake nyota nyekundu kubwa; mandhari ni ufuko",
        "msalaba wa kahawia, kulia kwake almasi ndogo, juu ya almasi mshale wa kijani",
        "mraba mkubwa, kushoto kwake mwezi mweupe, juu ya mwezi nyota ya buluu; mandhari ni anga la usiku",
        "pembetatu ya machungwa, kulia kwake pete nyeusi, pia duara la manjano; mandhari ni theluji",
        "mwezi mweupe na mshale mwekundu mdogo; mandhari ni ukuta wa matofali",
    ),
    ("sw", "seen"): (
        "ufukweni tunaweza kuona nyota nyekundu kubwa iliyo kushoto kwa moyo wa zambarau",
        "tunaweza kuona mshale wa kijani ulio juu ya almasi ndogo ambayo iko kulia kwa msalaba wa kahawia",
        "kwenye anga la usiku tunaweza kuona mwezi mweupe ulio chini ya nyota ya buluu na kushoto kwa mraba mkubwa",
        "kwenye theluji tunaweza kuona pete nyeusi iliyo kulia kwa pembetatu ya machungwa, na pia duara la manjano",
        "mbele ya ukuta wa matofali tunaweza kuona mwezi mweupe na mshale mwekundu mdogo",
    ),
    ("sw", "stepwise"): (
        "ndani ya picha mna nyota nyekundu kubwa na kulia kwake moyo wa zambarau; nyuma ni ufuko",
        "ndani ya picha mna mshale wa kijani na chini yake almasi ndogo na kushoto kwa almasi msalaba wa kahawia",
        "ndani ya picha mna nyota ya buluu na chini yake mwezi mweupe na kulia kwa mwezi mraba mkubwa; nyuma ni anga la usiku",  # noqa: E501
        "ndani ya picha mna pete nyeusi na kushoto kwake pembetatu ya machungwa, pamoja na duara la manjano; nyuma ni theluji",  # noqa: E501
        "ndani ya picha mna mwezi mweupe na mshale mwekundu mdogo; nyuma ni ukuta wa matofali",
    ),
    ("sw", "fragment"): (
        "ufuko: nyota nyekundu kubwa kushoto kwa moyo wa zambarau",
        "mshale wa kijani juu ya almasi ndogo ambayo iko kulia kwa msalaba wa kahawia",
        "anga la usiku: mwezi mweupe chini ya nyota ya buluu na kushoto kwa mraba mkubwa",
        "theluji: pete nyeusi kulia kwa pembetatu ya machungwa; duara la manjano",
        "ukuta wa matofali: mwezi mweupe na mshale mwekundu mdogo",
    ),
}
# fmt: on


@pytest.mark.parametrize(("lang", "style"), CAPTIONS)
def test_captions_are_written_as_people_write(lang: str, style: str) -> None:
    assert tuple(realise(claim, lang, style, First()) for claim in CLAIMS) == CAPTIONS[lang, style]


def test_the_table_holds_every_style() -> None:
    assert set(CAPTIONS) == {(lang, style) for lang in FURTHER for style in STYLES[lang]}
    assert all(len(STYLES[lang]) == 6 for lang in FURTHER)


@pytest.mark.parametrize(
    ("phrase", "arguments", "expected"),
    [
        (spanish.spanish.phrase, ("estrella", ("rojo", "pequeño")), "una estrella roja pequeña"),
        (spanish.spanish.phrase, ("círculo", ("verde", "grande"), "the"), "el círculo verde grande"),
        (turkish.turkish.phrase, ("kalp", ("büyük", "mor"), "a", "gen"), "büyük mor bir kalbin"),
        (turkish.turkish.phrase, ("ok", ("siyah",), "", "acc"), "siyah oku"),
        (arabic.arabic.phrase, ("نجمة", ("أحمر", "كبير"), "the"), "النجمة الحمراء الكبيرة"),
        (arabic.arabic.phrase, ("قلب", ("بنفسجي", "صغير")), "قلب بنفسجي صغير"),
        (arabic.phrase, ("قلب", ("صغير", "أحمر"), "a", "acc"), "قلبًا صغيرًا أحمر"),
        (arabic.phrase, ("حلقة", ("بني",), "a", "def"), "الحلقة البنية"),
        (hindi.hindi.phrase, ("तारा", ("बड़ा", "नीला"), "a", "obl"), "एक बड़े नीले तारे"),
        (hindi.hindi.phrase, ("चकती", ("छोटा", "पीला", "लाल")), "एक छोटी पीली लाल चकती"),
        (finnish.finnish.phrase, ("rengas", ("pieni", "valkoinen"), "ela"), "pienestä valkoisesta renkaasta"),
        (finnish.finnish.phrase, ("sydän", ("suuri", "vihreä"), "par"), "suurta vihreää sydäntä"),
        (swahili.swahili.phrase, ("mraba", ("ekundu", "dogo")), "mraba mwekundu mdogo"),
        (swahili.swahili.phrase, ("duara", ("eusi", "kijani")), "duara jeusi la kijani"),
        (swahili.swahili.phrase, ("nyota", ("eupe", "waridi")), "nyota nyeupe ya waridi"),
    ],
)
def test_agreement(phrase: object, arguments: tuple[object, ...], expected: str) -> None:
    assert callable(phrase)
    assert phrase(*arguments) == expected


def test_particles_join_by_the_last_sound() -> None:
    assert korean.joined("별 ~가 하트 ~를 ,, 고리 ~는 ,") == "별이 하트를, 고리는"
    assert korean.joined("zeppelin ~를") == "zeppelin를"


def test_and_joins_the_next_word_in_arabic() -> None:
    assert arabic.joined("نجمة و قلب ,") == "نجمة وقلب"


CALQUES = {
    "es": "hay una estrella azul hacia la izquierda de un corazón pequeño rojo y también una flecha verde en la nieve",
    "ko": "파란 별이 있습니다, 작은 빨간 하트의 왼쪽에, 그리고 또한 초록색 화살표 눈밭 위에",
    "tr": "bir mavi yıldız vardır, bir ufak kırmızı kalbin soluna ve de bir yeşil ok karda",
    "ar": "هناك يكون نجمة زرقاء على يسار الصغير الأحمر القلب وأيضا سهم أخضر في الثلج",
    "hi": "वहाँ है एक नीला तारा एक छोटे लाल दिल के बाईं ओर को और भी एक हरा तीर बर्फ़ में",
    "fi": "on olemassa sininen tähti vasemmalle pienestä punaisesta sydämestä ja myös vihreä nuoli lumessa",
    "sw": "hapo ni nyota ya buluu kwa kushoto ya moyo mdogo mwekundu na pia mshale wa kijani kwenye theluji",
}


def test_calques_in_every_further_language() -> None:
    """The order is the English one, the words and their forms are those of the language."""
    text = "there is a blue star to the left of a small red heart and also a green arrow in the snow"
    for lang, expected in CALQUES.items():
        assert translator(0).translate([text], "en", lang) == [expected]


def test_people_are_translated_back() -> None:
    for lang in FURTHER:
        (told,) = translator(0).translate([CAPTIONS[lang, "fragment"][0]], lang, "en")
        for word in ("red", "star", "purple", "heart", "left", "beach"):
            assert word in told, (lang, told)
